//! Clients that people use.
use josekit as _;
use oauth2 as _;
