//! What the tests of several nouns share.
