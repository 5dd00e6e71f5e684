//! The verification of webhook deliveries, and the reading of their events.

mod webhook {
    mod events;
    mod verify;
}
