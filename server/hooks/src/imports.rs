//! What a plugin may call: the interfaces of `claimsmith:plugin`, and nothing that reaches outside.

use wasmtime::component::{Linker, LinkerInstance};
use wasmtime::{Result, StoreContextMut};

use claimsmith_issuer::hook::{GrantFacts, Person};
use claimsmith_issuer::value::Member;

use crate::abi::{LevelIn, MemberOut, SignedInAnswer, ValueOut};
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
    person(&mut linker.instance(&interface("person"))?)?;
    grant(&mut linker.instance(&interface("grant"))?)?;
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

fn person(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance.func_wrap("id", |store: Store<'_>, ()| of_person(store, |person| person.id.clone()))?;
    instance.func_wrap("username", |store: Store<'_>, ()| of_person(store, |person| person.username.clone()))?;
    instance.func_wrap("attribute", |store: Store<'_>, (name,): (String,)| of_person(store, |person| find(&person.attributes, &name)))?;
    instance.func_wrap("attributes", |store: Store<'_>, ()| {
        let all = of_person(store, |person| Some(person.attributes.iter().map(MemberOut::from).collect::<Vec<_>>()));
        all.map(|(all,)| (all.unwrap_or_default(),))
    })?;
    instance.func_wrap("sign-in", |store: Store<'_>, ()| {
        of_person(store, |person| {
            Some(SignedInAnswer {
                authenticated_at: person.authenticated_at,
                acr: person.acr.clone(),
                amr: person.amr.clone(),
                session_id: person.session_id.clone(),
            })
        })
    })?;
    instance.func_wrap("session-attribute", |store: Store<'_>, (name,): (String,)| {
        of_person(store, |person| find(&person.session_attributes, &name))
    })
}

fn grant(instance: &mut LinkerInstance<'_, Guest>) -> Result<()> {
    instance
        .func_wrap("attribute", |store: Store<'_>, (name,): (String,)| of_grant(store, |grant| find(&grant.attributes, &name), None))?;
    instance.func_wrap("authorization-details", |store: Store<'_>, ()| {
        let details = |grant: &GrantFacts| Some(grant.authorization_details.clone()).filter(|details| !details.is_empty());
        of_grant(store, |grant| details(grant).unwrap_or_else(|| "[]".into()), "[]".into())
    })?;
    instance.func_wrap("actors", |store: Store<'_>, ()| of_grant(store, |grant| grant.actors.clone(), Vec::new()))?;
    instance.func_wrap("confirmation", |store: Store<'_>, ()| of_grant(store, |grant| grant.confirmation.clone(), None))
}

/// Answers from what is known of the person; nothing where there is none.
fn of_person<T>(mut store: Store<'_>, answer: impl FnOnce(&Person) -> Option<T>) -> Result<(Option<T>,)> {
    store.data_mut().enter()?;
    Ok((store.data().background.as_ref().and_then(|known| known.person.as_ref()).and_then(answer),))
}

/// Answers from what is known of the grant.
fn of_grant<T>(mut store: Store<'_>, answer: impl FnOnce(&GrantFacts) -> T, absent: T) -> Result<(T,)> {
    store.data_mut().enter()?;
    Ok((store.data().background.as_ref().map_or(absent, |known| answer(&known.grant)),))
}

fn find(members: &[Member], name: &str) -> Option<ValueOut> {
    members.iter().find(|member| member.name == name).map(|member| ValueOut::from(&member.value))
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
