//! A serde serializer that writes the fields of a plan, and enums as GraphQL names them.

use std::ops::Range;

use serde::Serialize;
use serde::ser::{Impossible, SerializeSeq, SerializeStruct, Serializer};

use spiral_domain::Date;
use uuid::Uuid;

use super::Plan;

/// Why something cannot be written so: the list then takes the usual way.
#[derive(Debug)]
pub(super) struct NotPlain;

impl std::fmt::Display for NotPlain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a plain field")
    }
}

impl std::error::Error for NotPlain {}

impl serde::ser::Error for NotPlain {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl From<serde_json::Error> for NotPlain {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

/// Writes an id.
pub(super) fn id(id: Option<Uuid>, out: &mut Vec<u8>) {
    let Some(id) = id else {
        return out.extend_from_slice(b"null");
    };
    let mut text = Uuid::encode_buffer();
    out.push(b'"');
    out.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
    out.push(b'"');
}

/// Writes a day.
pub(super) fn day(day: Option<Date>, out: &mut Vec<u8>) {
    let Some(day) = day else {
        return out.extend_from_slice(b"null");
    };
    out.push(b'"');
    out.extend_from_slice(&day.digits());
    out.push(b'"');
}

/// Writes one value: a scalar without a plan, a record with one, or a list of either.
pub(super) struct Leaf<'p, 'o> {
    plan: Option<&'p Plan>,
    out: &'o mut Vec<u8>,
}

impl<'p, 'o> Leaf<'p, 'o> {
    pub(super) fn new(plan: Option<&'p Plan>, out: &'o mut Vec<u8>) -> Self {
        Self { plan, out }
    }

    fn scalar(self, value: &impl Serialize) -> Result<(), NotPlain> {
        if self.plan.is_some() {
            return Err(NotPlain);
        }
        Ok(serde_json::to_writer(self.out, value)?)
    }
}

macro_rules! scalars {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), NotPlain> {
            self.scalar(&value)
        }
    )*};
}

impl<'p, 'o> Serializer for Leaf<'p, 'o> {
    type Ok = ();
    type Error = NotPlain;
    type SerializeSeq = Items<'p, 'o>;
    type SerializeTuple = Impossible<(), NotPlain>;
    type SerializeTupleStruct = Impossible<(), NotPlain>;
    type SerializeTupleVariant = Impossible<(), NotPlain>;
    type SerializeMap = Impossible<(), NotPlain>;
    type SerializeStruct = Fields<'p, 'o>;
    type SerializeStructVariant = Impossible<(), NotPlain>;

    scalars!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_str: &str
    );

    fn serialize_bytes(self, _: &[u8]) -> Result<(), NotPlain> {
        Err(NotPlain)
    }

    fn serialize_none(self) -> Result<(), NotPlain> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotPlain> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NotPlain> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NotPlain> {
        Err(NotPlain)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NotPlain> {
        if self.plan.is_some() {
            return Err(NotPlain);
        }
        self.out.push(b'"');
        self.out
            .extend(variant.bytes().map(|letter| letter.to_ascii_uppercase()));
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotPlain> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NotPlain> {
        Err(NotPlain)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'p, 'o>, NotPlain> {
        self.out.push(b'[');
        Ok(Items {
            plan: self.plan,
            out: self.out,
            first: true,
        })
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, NotPlain> {
        Err(NotPlain)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, NotPlain> {
        Err(NotPlain)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, NotPlain> {
        Err(NotPlain)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, NotPlain> {
        Err(NotPlain)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'p, 'o>, NotPlain> {
        let plan = self.plan.ok_or(NotPlain)?;
        Ok(Fields {
            plan,
            start: self.out.len(),
            out: self.out,
            places: vec![None; plan.fields.len()],
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, NotPlain> {
        Err(NotPlain)
    }
}

/// Writes a list.
pub(super) struct Items<'p, 'o> {
    plan: Option<&'p Plan>,
    out: &'o mut Vec<u8>,
    first: bool,
}

impl SerializeSeq for Items<'_, '_> {
    type Ok = ();
    type Error = NotPlain;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotPlain> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        value.serialize(Leaf::new(self.plan, self.out))
    }

    fn end(self) -> Result<(), NotPlain> {
        self.out.push(b']');
        Ok(())
    }
}

/// Writes the planned fields of a record: first as they come, at the end in their order.
pub(super) struct Fields<'p, 'o> {
    plan: &'p Plan,
    start: usize,
    out: &'o mut Vec<u8>,
    places: Vec<Option<Range<usize>>>,
}

impl SerializeStruct for Fields<'_, '_> {
    type Ok = ();
    type Error = NotPlain;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), NotPlain> {
        for (n, field) in self.plan.fields.iter().enumerate() {
            // A field may be asked for under several names.
            if field.name == name {
                let at = self.out.len();
                value.serialize(Leaf::new(field.of.as_ref(), self.out))?;
                self.places[n] = Some(at..self.out.len());
            }
        }
        Ok(())
    }

    fn end(self) -> Result<(), NotPlain> {
        let written = self.out.len();
        self.out.push(b'{');
        for (n, (field, place)) in self.plan.fields.iter().zip(self.places).enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            self.out.extend_from_slice(field.key.as_bytes());
            // What is no field of the record is a link.
            self.out.extend_from_within(place.ok_or(NotPlain)?);
        }
        self.out.push(b'}');
        self.out.drain(self.start..written);
        Ok(())
    }
}
