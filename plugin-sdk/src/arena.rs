//! The allocator of the sandbox: a bump arena in a static buffer.
//!
//! An instance lives for one call and is thrown away, so nothing is ever freed but the last block. What fits the buffer
//! costs no `memory.grow`, and so no system call on the host. What does not fit is taken from new pages. (What the linker
//! leaves behind the data belongs to the C library's own allocator, which the standard library may use.)
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

/// Bytes in the static buffer. The host wipes all of the initial memory after each call, so this is no more than most calls
/// need: with the 64 KiB stack and the 40 KiB of data that a small plugin has, initial memory is two pages.
const BUFFER: usize = 20 * 1024;

/// Bytes of a WebAssembly page.
const PAGE: usize = 64 * 1024;

/// Pages asked for at once when the buffer is full, at least.
const STEP: usize = 4;

#[global_allocator]
static ARENA: Arena = Arena { buffer: UnsafeCell::new([0; BUFFER]), next: Cell::new(0), end: Cell::new(0), last: Cell::new(0) };

#[repr(C, align(16))]
struct Arena {
    buffer: UnsafeCell<[u8; BUFFER]>,
    /// Address of the first free byte; 0 before the first allocation.
    next: Cell<usize>,
    /// Address behind the last free byte.
    end: Cell<usize>,
    /// Address of the block that was handed out last; 0 for none.
    last: Cell<usize>,
}

// SAFETY: the module is built for wasm32 without threads (a shared memory would be refused by the host), so there is only
// one thread to share this with, and no method calls foreign code while it uses the cells.
unsafe impl Sync for Arena {}

impl Arena {
    /// Makes room for `size` bytes at a multiple of `align`; the address, or None where memory is exhausted.
    fn take(&self, size: usize, align: usize) -> Option<usize> {
        if self.next.get() == 0 {
            let start = self.buffer.get().expose_provenance();
            self.next.set(start);
            self.end.set(start + BUFFER);
        }
        let start = self.next.get().checked_next_multiple_of(align)?;
        let stop = start.checked_add(size)?;
        if stop > self.end.get() {
            self.grow(size.checked_add(align)?)?;
            return self.take(size, align);
        }
        self.next.set(stop);
        self.last.set(start);
        Some(start)
    }

    /// Adds new pages, at least `size` bytes of them. What was left of the old room is joined where it is adjacent and
    /// given up where it is not.
    fn grow(&self, size: usize) -> Option<()> {
        let pages = size.div_ceil(PAGE).max(STEP);
        let before = core::arch::wasm32::memory_grow::<0>(pages);
        if before == usize::MAX {
            return None;
        }
        let start = before.checked_mul(PAGE)?;
        let end = start.checked_add(pages * PAGE)?;
        if start != self.end.get() {
            self.next.set(start);
        }
        self.end.set(end);
        Some(())
    }
}

// SAFETY: `take` hands out each byte of the buffer, or of pages that `memory.grow` just made and that nobody else knows of,
// at most once: `next` only moves up, except that the block at its end may be taken back by who owns it. Blocks are
// aligned by `checked_next_multiple_of`. Nothing here unwinds.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout.size(), layout.align()).map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        if block.addr() == self.last.get() {
            self.next.set(block.addr());
            self.last.set(0);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if block.addr() == self.last.get() {
            if let Some(stop) = block.addr().checked_add(size).filter(|&stop| stop <= self.end.get()) {
                self.next.set(stop);
                return block;
            }
        } else if size <= layout.size() {
            return block;
        }
        let Some(fresh) = self.take(size, layout.align()) else {
            return ptr::null_mut();
        };
        let fresh = ptr::with_exposed_provenance_mut::<u8>(fresh);
        // SAFETY: both blocks hold at least the smaller of the two sizes (the caller's promise, and `take`), and the new one
        // begins behind `next`, so they do not overlap.
        unsafe { ptr::copy_nonoverlapping(block, fresh, layout.size().min(size)) };
        fresh
    }
}
