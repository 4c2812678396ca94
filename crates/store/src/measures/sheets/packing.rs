//! The lines of a sheet, packed: a layout byte, the sources, then line after line.

use spiral_domain::measures::{Quality, Stratum};
use spiral_domain::{Error, ObservationId, Result, UnitId};
use uuid::Uuid;

use super::births::{id_at, line_of};
use super::{Figures, Line};
use crate::packed::{put, put_bytes, take, take_array, take_bytes};

const LAYOUT: u8 = 1;

const SPLIT: u64 = 1;
const NUMERATOR: u64 = 1 << 1;
const DENOMINATOR: u64 = 1 << 2;
const VALUE: u64 = 1 << 3;
const N: u64 = 1 << 4;
/// Where the two bits of the quality begin.
const QUALITY: u32 = 5;
const RETRACTED: u64 = 1 << 7;
const NAMED: u64 = 1 << 8;
const GONE: u64 = 1 << 9;
/// The observation was first recorded on this sheet, so that its place there says its id.
const BORN: u64 = 1 << 10;

const QUALITIES: [Quality; 4] = [
    Quality::Measured,
    Quality::Estimated,
    Quality::NotAvailable,
    Quality::NotApplicable,
];

/// Packs lines; `births` is the number that the ids of those begin with which were first recorded here.
pub(super) fn pack(lines: &[Line], births: Option<Uuid>) -> Vec<u8> {
    let mut sources: Vec<&str> = Vec::new();
    let mut bytes = Vec::with_capacity(2 + lines.len() * 56);
    let mut rows = Vec::with_capacity(lines.len() * 56);
    for line in lines {
        let source = line.name.as_ref().map(|(source, _)| {
            let known = sources.iter().position(|known| known == source);
            known.unwrap_or_else(|| {
                sources.push(source);
                sources.len() - 1
            })
        });
        pack_line(&mut rows, line, births, source);
    }
    bytes.push(LAYOUT);
    put(&mut bytes, sources.len() as u64);
    for source in sources {
        put_bytes(&mut bytes, source.as_bytes());
    }
    bytes.append(&mut rows);
    bytes
}

fn pack_line(bytes: &mut Vec<u8>, line: &Line, births: Option<Uuid>, source: Option<usize>) {
    let figures = &line.figures;
    let slot = births.and_then(|births| line_of(births, line.id));
    let flag = |set: bool, flag: u64| if set { flag } else { 0 };
    let quality = QUALITIES.iter().position(|quality| *quality == figures.quality);
    put(
        bytes,
        flag(!line.stratum.is_whole(), SPLIT)
            | flag(figures.numerator.is_some(), NUMERATOR)
            | flag(figures.denominator.is_some(), DENOMINATOR)
            | flag(figures.value.is_some(), VALUE)
            | flag(figures.n.is_some(), N)
            | (quality.unwrap_or_default() as u64) << QUALITY
            | flag(line.retracted, RETRACTED)
            | flag(line.name.is_some(), NAMED)
            | flag(line.gone, GONE)
            | flag(slot.is_some(), BORN),
    );
    bytes.extend_from_slice(line.unit.0.as_bytes());
    match slot {
        Some(slot) => put(bytes, slot),
        None => bytes.extend_from_slice(line.id.0.as_bytes()),
    }
    put(bytes, line.version.cast_unsigned());
    put(bytes, line.reshared.cast_unsigned());
    if !line.stratum.is_whole() {
        put_bytes(bytes, line.stratum.to_string().as_bytes());
    }
    let numbers = [figures.numerator, figures.denominator, figures.value];
    for number in numbers.into_iter().flatten() {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    if let Some(n) = figures.n {
        put(bytes, n.cast_unsigned());
    }
    if let (Some((_, external_id)), Some(source)) = (&line.name, source) {
        put(bytes, source as u64);
        put_bytes(bytes, external_id.as_bytes());
    }
}

/// A packed line, its texts still where they are packed.
pub(super) struct Packed<'b> {
    pub(super) id: ObservationId,
    pub(super) unit: UnitId,
    pub(super) gone: bool,
    retracted: bool,
    version: i64,
    reshared: i64,
    stratum: &'b str,
    figures: Figures,
    name: Option<(&'b str, &'b str)>,
}

impl Packed<'_> {
    /// The line, with texts of its own.
    pub(super) fn line(&self) -> Line {
        Line {
            id: self.id,
            unit: self.unit,
            stratum: if self.stratum.is_empty() {
                Stratum::whole()
            } else {
                Stratum::read(self.stratum)
            },
            figures: self.figures.clone(),
            name: self
                .name
                .map(|(source, external_id)| (source.to_owned(), external_id.to_owned())),
            retracted: self.retracted,
            version: self.version,
            reshared: self.reshared,
            gone: self.gone,
        }
    }
}

/// Goes over packed lines, one after the other.
pub(super) fn unpack<'b>(
    bytes: &'b [u8],
    births: Option<Uuid>,
    mut each: impl FnMut(Packed<'b>),
) -> Result<()> {
    lines(bytes, births, &mut each).ok_or_else(|| Error::internal("a sheet of observations cannot be read"))
}

fn lines<'b>(bytes: &'b [u8], births: Option<Uuid>, each: &mut impl FnMut(Packed<'b>)) -> Option<()> {
    let (&layout, mut rest) = bytes.split_first()?;
    if layout != LAYOUT {
        return None;
    }
    let mut sources = Vec::new();
    for _ in 0..take(&mut rest)? {
        sources.push(text(&mut rest)?);
    }
    while !rest.is_empty() {
        each(line(&mut rest, births, &sources)?);
    }
    Some(())
}

fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    std::str::from_utf8(take_bytes(bytes)?).ok()
}

fn line<'b>(bytes: &mut &'b [u8], births: Option<Uuid>, sources: &[&'b str]) -> Option<Packed<'b>> {
    let flags = take(bytes)?;
    let unit = UnitId(Uuid::from_bytes(take_array(bytes)?));
    let id = if flags & BORN == 0 {
        ObservationId(Uuid::from_bytes(take_array(bytes)?))
    } else {
        id_at(births?, take(bytes)?)?
    };
    let version = take(bytes)?.cast_signed();
    let reshared = take(bytes)?.cast_signed();
    let stratum = if flags & SPLIT == 0 { "" } else { text(bytes)? };
    let mut number = |flag: u64| -> Option<Option<f64>> {
        if flags & flag == 0 {
            return Some(None);
        }
        take_array(bytes).map(|number| Some(f64::from_le_bytes(number)))
    };
    let (numerator, denominator, value) = (number(NUMERATOR)?, number(DENOMINATOR)?, number(VALUE)?);
    let n = if flags & N == 0 {
        None
    } else {
        Some(take(bytes)?.cast_signed())
    };
    let quality = usize::try_from(flags >> QUALITY & 3).ok()?;
    let name = if flags & NAMED == 0 {
        None
    } else {
        let source = usize::try_from(take(bytes)?).ok()?;
        Some((*sources.get(source)?, text(bytes)?))
    };
    Some(Packed {
        id,
        unit,
        gone: flags & GONE != 0,
        retracted: flags & RETRACTED != 0,
        version,
        reshared,
        stratum,
        figures: Figures {
            numerator,
            denominator,
            value,
            n,
            quality: QUALITIES[quality],
        },
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn plain(number: u128) -> Line {
        Line {
            id: ObservationId(id(number)),
            unit: UnitId(id(7)),
            stratum: Stratum::whole(),
            figures: Figures {
                numerator: Some(3.0),
                denominator: Some(10.0),
                value: None,
                n: None,
                quality: Quality::Measured,
            },
            name: None,
            retracted: false,
            version: 1,
            reshared: 0,
            gone: false,
        }
    }

    #[test]
    fn what_is_packed_reads_back() {
        let births = id(0x0190_0000_0000_7000_8000_0000_0010_0000);
        let lines = [
            plain(births.as_u128() | 5),
            plain(99),
            Line {
                stratum: Stratum::of("imdQuintile", "5"),
                figures: Figures {
                    numerator: None,
                    denominator: None,
                    value: Some(-0.1),
                    n: Some(1_000_000_000),
                    quality: Quality::NotApplicable,
                },
                name: Some(("his".into(), "é-1".into())),
                retracted: true,
                version: i64::MAX,
                reshared: 300,
                gone: true,
                ..plain(1)
            },
            Line {
                name: Some(("his".into(), String::new())),
                ..plain(2)
            },
        ];
        for births in [Some(births), None] {
            let bytes = pack(&lines, births);
            let mut read = Vec::new();
            unpack(&bytes, births, |line| read.push(line.line())).unwrap();
            assert_eq!(read, lines);
            // Cut off within its last line, it cannot be read.
            for cut in bytes.len() - 20..bytes.len() {
                assert!(unpack(&bytes[..cut], births, |_| ()).is_err());
            }
        }
        assert!(unpack(&[], None, |_| ()).is_err());
        assert!(unpack(&[2, 0], None, |_| ()).is_err());
        let bytes = pack(&lines[..1], Some(births));
        assert!(unpack(&bytes[..bytes.len() - 1], Some(births), |_| ()).is_err());
        assert!(unpack(&bytes, None, |_| ()).is_err());
    }
}
