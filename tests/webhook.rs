//! Webhook deliveries: what is let in, what is refused, and what an event says.

mod webhook {
    mod events;
    mod verify;
}
