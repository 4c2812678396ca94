//! What the tree refuses, and why.
