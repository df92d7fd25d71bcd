//! What stands in the attribute's parentheses.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, LitStr, Token, bracketed};

/// `schema = "…", fixtures = "…", permissions = ["…"]`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) schema: Option<LitStr>,
    pub(crate) fixtures: Option<LitStr>,
    pub(crate) permissions: Vec<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            if seen.contains(&name) {
                return Err(Error::new(name.span(), format!("`{name}` is given twice")));
            }
            input.parse::<Token![=]>()?;
            match name.to_string().as_str() {
                "schema" => arguments.schema = Some(input.parse()?),
                "fixtures" => arguments.fixtures = Some(input.parse()?),
                "permissions" => {
                    let list;
                    bracketed!(list in input);
                    arguments.permissions = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?.into_iter().collect();
                }
                _ => {
                    let message = format!("unknown argument `{name}`; there are `schema`, `fixtures` and `permissions`");
                    return Err(Error::new(name.span(), message));
                }
            }
            seen.push(name);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}
