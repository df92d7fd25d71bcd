//! What a plugin may call: the interfaces of `claimsmith:plugin`, and nothing that reaches outside.

use wasmtime::component::{Linker, LinkerInstance};
use wasmtime::{Result, StoreContextMut};

use crate::abi::LevelIn;
use crate::guest::Guest;
use crate::log::Level;

/// The WIT package whose interfaces a plugin imports and exports.
pub(crate) const PACKAGE: &str = "claimsmith:plugin";
/// Its version.
pub(crate) const VERSION: &str = "0.1.0";

/// The name of one of our interfaces.
pub(crate) fn interface(name: &str) -> String {
    format!("{PACKAGE}/{name}@{VERSION}")
}

/// Links every import a plugin may have.
pub(crate) fn link(linker: &mut Linker<Guest>) -> Result<()> {
    request(&mut linker.instance(&interface("request"))?)?;
    linker.instance(&interface("log"))?.func_wrap("write", |mut store: Store<'_>, (level, message): (LevelIn, String)| {
        store.data_mut().enter()?;
        store.data_mut().log.write(level.into(), &message);
        Ok(())
    })?;
    linker.instance(&interface("clock"))?.func_wrap("now-milliseconds", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((store.data().now_milliseconds,))
    })?;
    linker.instance(&interface("random"))?.func_wrap("bytes", |mut store: Store<'_>, (length,): (u32,)| {
        store.data_mut().enter()?;
        Ok((store.data_mut().random(length.into())?,))
    })?;
    // `types` has no functions, but guests name it among their imports.
    linker.instance(&interface("types"))?;
    crate::wasi::link(linker)
}

pub(crate) type Store<'a> = StoreContextMut<'a, Guest>;

fn request(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.func_wrap("parameter", |mut store: Store<'_>, (name,): (String,)| {
        store.data_mut().enter()?;
        Ok((store.data().parameters.find(&name).map(str::to_owned),))
    })?;
    instance.func_wrap("header", |mut store: Store<'_>, (name,): (String,)| {
        store.data_mut().enter()?;
        Ok((store.data().headers.find(&name).map(str::to_owned),))
    })?;
    instance.func_wrap("remaining-milliseconds", |mut store: Store<'_>, ()| {
        store.data_mut().enter()?;
        Ok((store.data().remaining_milliseconds(),))
    })
}

impl From<LevelIn> for Level {
    fn from(level: LevelIn) -> Self {
        match level {
            LevelIn::Debug => Self::Debug,
            LevelIn::Info => Self::Info,
            LevelIn::Warn => Self::Warn,
            LevelIn::Error => Self::Error,
        }
    }
}
