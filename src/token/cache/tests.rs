//! Placeholder until the thread tests are written.
