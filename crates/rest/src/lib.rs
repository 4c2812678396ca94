//! The REST face of Spiral
