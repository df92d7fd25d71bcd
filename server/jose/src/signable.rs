//! What may be signed.

/// Claims that are finished and may be put under a signature.
///
/// The signing side accepts nothing but implementors of this trait, so a byte string, a JSON value or a draft cannot be
/// signed by accident.
// Invariant: only the final stage of claims implements this outside of tests; drafts never do.
pub trait SignableClaims {
    /// Appends the claims as one JSON object in UTF-8 to `out`. Nothing before the old end of `out` is touched.
    fn render(&self, out: &mut Vec<u8>);
}
