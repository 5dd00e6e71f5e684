//! Placeholder until the model check is written.
