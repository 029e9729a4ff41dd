//! `error_correcting_code`: a random codeword, what arrives of it, and which checks complain.
//!
//! The square is divided into cells of one bit each, shown as (−1)^bit. A codeword, uniform among all
//! of the code, is sent; each bit is flipped with probability `error_rate`, on condition that some
//! bit is, unless the rate is 0. Codes: `repetition`, odd copies; `hamming`, Hamming's (7, 4);
//! `product_hamming`, squares of 7 × 7 bits, Hamming's in each row and column; `ldpc`, Gallager's
//! regular (3, 6); `toric`, one sector of Kitaev's: bits on the edges of a periodic lattice, at the
//! cells with one odd coordinate, and a check at each vertex, at the cells with both even; the cells
//! without a bit are 0. Its codewords are closed loops, and violated checks the ends of open strings,
//! so they come in pairs. The cells per side are the number nearest to `1/block_size` that the code
//! fills: a multiple of the copies, of 7, 7, 6, 2.
//!
//! Channels: received word; syndrome map, at a bit the part of its checks that are violated, for the
//! toric code 1 at each violated vertex; codeword. Codes without a geometry are spread by a random
//! interleaver, and their checks, as lists of cells numbered row by row, are recorded, so that a
//! sample can be decoded.
//!
//! Source: Hamming (1950), Bell System Technical Journal 29, 147; Gallager (1962), IRE Transactions on
//! Information Theory 8, 21; Kitaev (2003), Annals of Physics 303, 2; Dennis, Kitaev, Landahl, Preskill
//! (2002), Journal of Mathematical Physics 43, 4452.
//!
//! Sites: 16 code, 17 block size, 18 copies, 19 error rate, 20 interleaver, 21 and 22 checks of ldpc,
//! 23 codeword, 24 errors.

mod codes;

use codes::{Code, Kind, shuffled};

use crate::ic::common::{NORMALIZE_NATURAL, Normalize};
use crate::ic::parameter::{
    ChoiceParameter, CountParameter, LawParameter, LengthParameter, Parameter, bounds, draw,
    draw_count, without_effect,
};
use crate::ic::{Channels, Cost, Drawn, Family, InitialCondition, Refused, Request, Tier};
use crate::key::Manifest;
use crate::node::{Fields, Law};
use crate::rng::Draws;

/// The family.
pub const FAMILY: Family = Family {
    name: "error_correcting_code",
    version: 1,
    tier: Tier::Tier4,
    summary: "a codeword, what arrives of it, and the checks that are violated",
    formula: "y = x + e mod 2, Hx = 0, P(eᵢ = 1) = p, s = Hy",
    channels: Channels::Named(&["received word", "syndrome map", "codeword"]),
    cost: Cost::Cheap,
    references: &[
        "Hamming (1950), Error detecting and error correcting codes",
        "Gallager (1962), Low-density parity-check codes",
        "Kitaev (2003), Fault-tolerant quantum computation by anyons",
        "Dennis, Kitaev, Landahl, Preskill (2002), Topological quantum memory",
    ],
    parameters: &[
        Parameter::Choice(&CODE_TYPE),
        Parameter::Length(&BLOCK_SIZE),
        Parameter::Count(&COPIES),
        Parameter::Law(&ERROR_RATE),
        Parameter::Choice(&INTERLEAVER),
        Parameter::Choice(&NORMALIZE_NATURAL),
    ],
    refused: &[Refused {
        name: "code_rate",
        why: "a code fixes its own rate",
        instead: "choose `code_type`, and `copies` of a repetition",
    }],
    parse: |fields| {
        let code = CODE_TYPE.parse(fields);
        if !matches!(code, "any" | "repetition") {
            without_effect(fields, &[COPIES.name], "it belongs to `code_type: repetition`");
        }
        if matches!(code, "product_hamming" | "toric") {
            without_effect(fields, &[INTERLEAVER.name], "the code has a geometry of its own");
        }
        Box::new(ErrorCorrectingCode {
            code,
            block_size: BLOCK_SIZE.parse(fields),
            copies: copies(fields),
            error_rate: ERROR_RATE.parse(fields),
            interleaved: INTERLEAVER.parse(fields) == "random",
            normalize: Normalize::parse_natural(fields),
        })
    },
};

static CODE_TYPE: ChoiceParameter = ChoiceParameter {
    name: "code_type",
    allowed: &["any", "repetition", "hamming", "product_hamming", "ldpc", "toric"],
    default: "any",
    meaning: "the code; any: one of the five per sample",
};

static BLOCK_SIZE: LengthParameter = LengthParameter {
    name: "block_size",
    range: 0.03125..=0.25,
    default: Law::LogUniform(0.0625, 0.125),
    meaning: "side of a cell of one bit; taken to the nearest that the \
              code fills",
};

static COPIES: CountParameter = CountParameter {
    name: "copies",
    range: 3..=15,
    default: Law::Constant(3.0),
    meaning: "copies of each bit in a repetition, an odd number",
};

static ERROR_RATE: LawParameter = LawParameter {
    name: "error_rate",
    range: 0.0..=0.5,
    default: Law::LogUniform(0.01, 0.2),
    meaning: "probability that a bit is flipped; unless it is 0, at least one is",
};

static INTERLEAVER: ChoiceParameter = ChoiceParameter {
    name: "interleaver",
    allowed: &["random", "none"],
    default: "random",
    meaning: "order in which bits of a code without a geometry go to the cells: random for each \
              sample, or word after word along the rows",
};

const SITE_CODE: u32 = 16;
const SITE_BLOCK: u32 = 17;
const SITE_COPIES: u32 = 18;
const SITE_RATE: u32 = 19;
const SITE_INTERLEAVER: u32 = 20;
const SITE_CHECKS: u32 = 21;
const SITE_CODEWORD: u32 = 23;
const SITE_ERRORS: u32 = 24;

/// Reads the copies; only odd numbers can be outvoted without a tie.
fn copies(fields: &Fields<'_>) -> Law {
    let law = COPIES.parse(fields);
    let odd = match &law {
        Law::Constant(v) => v % 2.0 == 1.0,
        Law::Choice(values) => values.iter().all(|v| v % 2.0 == 1.0),
        Law::Uniform(..) | Law::LogUniform(..) => false,
    };
    if !odd {
        fields.fault(
            COPIES.name,
            "an even number of copies may be a tie",
            Some("give an odd number, or some by {choice: [3, 5]}".into()),
        );
    }
    law
}

#[derive(Debug)]
struct ErrorCorrectingCode {
    code: &'static str,
    block_size: Law,
    copies: Law,
    error_rate: Law,
    interleaved: bool,
    normalize: Normalize,
}

/// The code called `name`.
fn kind(name: &str, copies: usize) -> Kind {
    match name {
        "hamming" => Kind::Hamming,
        "product_hamming" => Kind::ProductHamming,
        "ldpc" => Kind::Ldpc,
        "toric" => Kind::Toric,
        _ => Kind::Repetition(copies),
    }
}

impl ErrorCorrectingCode {
    /// The most cells per side that a sample may have.
    fn most_cells(&self) -> usize {
        let target = 1.0 / bounds(&self.block_size).0;
        let (least, most) = bounds(&self.copies);
        let names = if self.code == "any" { &CODE_TYPE.allowed[1..] } else { &[self.code][..] };
        let copies = || (least as usize..=most as usize).step_by(2);
        let cells = names.iter().flat_map(|name| copies().map(|c| kind(name, c).cells(target)));
        cells.max().unwrap_or(0)
    }
}

/// Flips each bit with probability `rate`, on condition that one is at least; none at rate 0. Gives
/// the number of flips.
fn flip(word: &mut [bool], rate: f64, mut draws: Draws) -> usize {
    if rate == 0.0 {
        return 0;
    }
    // The first flip is geometric, cut off at the last bit; those after it are free.
    let log = libm::log1p(-rate);
    let some = -libm::expm1(word.len() as f64 * log);
    let first = libm::floor(libm::log1p(-some * draws.uniform()) / log) as usize;
    let first = first.min(word.len() - 1);
    word[first] = !word[first];
    let mut count = 1;
    for bit in &mut word[first + 1..] {
        if draws.uniform() < rate {
            *bit = !*bit;
            count += 1;
        }
    }
    count
}

impl InitialCondition for ErrorCorrectingCode {
    fn describe(&self, m: &mut dyn Manifest) {
        m.param(CODE_TYPE.name, self.code.into());
        m.param(BLOCK_SIZE.name, (&self.block_size).into());
        if matches!(self.code, "any" | "repetition") {
            m.param(COPIES.name, (&self.copies).into());
        }
        m.param(ERROR_RATE.name, (&self.error_rate).into());
        if !matches!(self.code, "product_hamming" | "toric") {
            m.param(INTERLEAVER.name, if self.interleaved { "random" } else { "none" }.into());
        }
        self.normalize.describe(m);
    }

    fn check(&self, grid: usize, _channels: usize) -> Result<(), String> {
        let most = self.most_cells();
        if grid >= most {
            return Ok(());
        }
        Err(format!(
            "{most} cells per side need a grid of at least {most}, not {grid}: raise `block_size`"
        ))
    }

    fn draw(&self, request: &Request) -> Drawn {
        let (n, stream) = (request.grid, request.stream);
        let name = match self.code {
            "any" => {
                let names = &CODE_TYPE.allowed[1..];
                names[stream.site(SITE_CODE).below(names.len() as u64) as usize]
            }
            name => name,
        };
        let kind = kind(name, draw_count(&self.copies, stream, SITE_COPIES));
        let side = kind.cells(1.0 / draw(&self.block_size, stream, SITE_BLOCK));
        let order = if self.interleaved {
            shuffled(side * side, stream.site(SITE_INTERLEAVER))
        } else {
            (0..side * side).collect()
        };
        let code = Code::new(kind, side, order, stream, SITE_CHECKS);
        let sent = code.codeword(stream.site(SITE_CODEWORD));
        let mut received = sent.clone();
        let rate = draw(&self.error_rate, stream, SITE_RATE);
        let errors = flip(&mut received, rate, stream.site(SITE_ERRORS));

        let mut settings = vec![(CODE_TYPE.name, kind.name().into()), ("cells", side.into())];
        if let Kind::Repetition(copies) = kind {
            settings.push((COPIES.name, copies.into()));
        }
        settings.push((ERROR_RATE.name, rate.into()));
        settings.push(("errors", errors.into()));
        if !kind.is_planar() {
            let cells = |check: &Vec<usize>| check.iter().map(|bit| code.cells[*bit]).collect();
            let checks: Vec<Vec<usize>> = code.checks.iter().map(cells).collect();
            settings.push(("checks", checks.into()));
        }
        let maps = [
            spins(&code, side, &received),
            syndromes(&code, side, &received),
            spins(&code, side, &sent),
        ];
        let mut fields = Vec::with_capacity(request.channels * n * n);
        for map in &maps[..request.channels] {
            for y in 0..n {
                let row = &map[y * side / n * side..][..side];
                fields.extend((0..n).map(|x| row[x * side / n]));
            }
        }
        self.normalize.finish(fields, settings)
    }
}

/// (−1)^bit in the cells of a word, 0 elsewhere.
fn spins(code: &Code, side: usize, word: &[bool]) -> Vec<f64> {
    let mut map = vec![0.0; side * side];
    for (cell, bit) in code.cells.iter().zip(word) {
        map[*cell] = if *bit { -1.0 } else { 1.0 };
    }
    map
}

/// The part of its checks that are violated for each bit, or the violated checks at their own cells.
fn syndromes(code: &Code, side: usize, word: &[bool]) -> Vec<f64> {
    let syndrome = code.syndrome(word);
    let mut map = vec![0.0; side * side];
    if let Some(cells) = &code.check_cells {
        cells.iter().zip(&syndrome).for_each(|(cell, odd)| map[*cell] = f64::from(*odd));
        return map;
    }
    let mut degree = vec![0.0; side * side];
    for (check, odd) in code.checks.iter().zip(&syndrome) {
        for bit in check {
            map[code.cells[*bit]] += f64::from(*odd);
            degree[code.cells[*bit]] += 1.0;
        }
    }
    map.iter().zip(&degree).map(|(odd, all)| odd / all).collect()
}
