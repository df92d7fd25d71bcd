//! What each room of the house takes from the configuration.
