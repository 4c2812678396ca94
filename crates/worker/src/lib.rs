//! Background work of Spiral
