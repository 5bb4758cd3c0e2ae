//! What a linked image says about itself: functions, calls, and what lies in flash.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use object::{
    Architecture, File, Object as _, ObjectSection as _, ObjectSegment as _, ObjectSymbol as _, RelocationFlags,
    RelocationTarget, Section, SectionKind, SymbolKind,
    elf::{R_ARM_ABS32, R_ARM_THM_JUMP24, R_ARM_THM_MOVW_ABS_NC, R_ARM_THM_PC22, R_RISCV_CALL_PLT, R_RISCV_JAL},
};

use xtask::Outcome;

/// Index of a function.
pub(crate) type Id = usize;

pub(crate) struct Elf {
    pub(crate) functions: Vec<Function>,
    /// Direct calls, jumps to other functions among them: caller, callee, and how often. Optimising for size, the compiler
    /// loads the address of what a function calls three times: where there are calls through registers, such loads are here.
    pub(crate) calls: BTreeMap<(Id, Id), usize>,
    /// Functions that call what a register says, and load no function's address.
    pub(crate) indirect: BTreeSet<Id>,
    /// Bytes of flash, without the objects that are verified.
    pub(crate) flash: u64,
    /// The same by crate; constants without a name and padding are `constants`.
    pub(crate) crates: BTreeMap<String, u64>,
}

pub(crate) struct Function {
    /// As in the source, without hash.
    pub(crate) name: String,
    /// All symbols at its address.
    pub(crate) symbols: Vec<String>,
    addresses: Range<u64>,
}

impl Elf {
    pub(crate) fn parse(data: &[u8]) -> Outcome<Self> {
        let file = File::parse(data)?;
        let thumb = file.architecture() == Architecture::Arm;
        let functions = functions(&file)?;
        let mut elf =
            Self { functions, calls: BTreeMap::new(), indirect: BTreeSet::new(), flash: 0, crates: BTreeMap::new() };
        for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
            let direct = elf.add_calls(&file, &section)?;
            let loads = elf.loads(&file, &section)?;
            let code = section.data()?;
            let constants = constants(&file)?;
            for (id, function) in elf.functions.iter().enumerate() {
                let addresses = &function.addresses;
                let offset = |address: u64| usize::try_from(address.checked_sub(section.address())?).ok();
                let (Some(start), Some(end)) = (offset(addresses.start), offset(addresses.end)) else { continue };
                let Some(code) = code.get(start..end) else { continue };
                let calls_register = if thumb {
                    thumb_calls_register(code, |place| constants.contains(addresses.start + place))
                } else {
                    riscv_calls_register(code, |place| direct.contains(&(addresses.start + place)))
                };
                if calls_register {
                    let loaded: Vec<_> = loads.iter().filter(|(from, _)| *from == id).collect();
                    if loaded.is_empty() {
                        elf.indirect.insert(id);
                    }
                    for &&call in &loaded {
                        *elf.calls.entry(call).or_default() += 1;
                    }
                }
                let calls_itself = if thumb {
                    thumb_calls_start(code, |place| constants.contains(addresses.start + place))
                } else {
                    riscv_calls_start(code)
                };
                if calls_itself {
                    *elf.calls.entry((id, id)).or_default() += 1;
                }
            }
        }
        elf.add_flash(&file)?;
        Ok(elf)
    }

    /// Reads the calls of a section off its relocations; returns where they are.
    fn add_calls(&mut self, file: &File<'_>, section: &Section<'_, '_>) -> Outcome<BTreeSet<u64>> {
        let mut places = BTreeSet::new();
        for (place, relocation) in section.relocations() {
            let (RelocationFlags::Elf { r_type }, RelocationTarget::Symbol(target)) =
                (relocation.flags(), relocation.target())
            else {
                continue;
            };
            let is_call = match file.architecture() {
                Architecture::Arm => matches!(r_type, R_ARM_THM_PC22 | R_ARM_THM_JUMP24),
                _ => matches!(r_type, R_RISCV_CALL_PLT | R_RISCV_JAL),
            };
            if !is_call {
                continue;
            }
            places.insert(place);
            let target = file.symbol_by_index(target)?;
            let to = code_address(file, target.address());
            // Start-up code, in assembly, has no size.
            let Some(from) = self.functions.iter().position(|function| function.addresses.contains(&place)) else {
                continue;
            };
            let to = match self.functions.iter().position(|function| function.addresses.start == to) {
                Some(to) => to,
                None if self.functions[from].addresses.contains(&to) => continue, // A jump within the function.
                None => {
                    let name = target.name()?.to_owned();
                    self.functions.push(Function { name, symbols: Vec::new(), addresses: to..to });
                    self.functions.len() - 1
                }
            };
            *self.calls.entry((from, to)).or_default() += 1;
        }
        Ok(places)
    }

    /// Reads off the relocations of a section which functions load the address of which.
    fn loads(&self, file: &File<'_>, section: &Section<'_, '_>) -> Outcome<Vec<(Id, Id)>> {
        let mut loads = Vec::new();
        for (place, relocation) in section.relocations() {
            let (RelocationFlags::Elf { r_type }, RelocationTarget::Symbol(target)) =
                (relocation.flags(), relocation.target())
            else {
                continue;
            };
            if !matches!(r_type, R_ARM_ABS32 | R_ARM_THM_MOVW_ABS_NC) || file.architecture() != Architecture::Arm {
                continue;
            }
            let target = file.symbol_by_index(target)?;
            if target.kind() != SymbolKind::Text {
                continue;
            }
            let to = code_address(file, target.address());
            let find = |is: &dyn Fn(&Range<u64>) -> bool| self.functions.iter().position(|f| is(&f.addresses));
            let ends = (find(&|addresses| addresses.contains(&place)), find(&|addresses| addresses.start == to));
            if let (Some(from), Some(to)) = ends {
                loads.push((from, to));
            }
        }
        Ok(loads)
    }

    fn add_flash(&mut self, file: &File<'_>) -> Outcome<()> {
        let mut objects = 0;
        let mut counted = BTreeSet::new();
        for symbol in file.symbols().filter(|symbol| symbol.size() > 0) {
            if !counted.insert(symbol.address()) {
                continue;
            }
            let name = readable(symbol.name()?);
            if name.starts_with("firmware::objects::") {
                objects += symbol.size();
            } else {
                *self.crates.entry(crate_of(&name).to_owned()).or_default() += symbol.size();
            }
        }
        self.flash = file.segments().map(|segment| segment.file_range().1).sum::<u64>() - objects;
        let named: u64 = self.crates.values().sum();
        *self.crates.entry(CONSTANTS.to_owned()).or_default() += self.flash.saturating_sub(named);
        Ok(())
    }

    /// Functions that can be reached from these by direct calls, these among them.
    pub(crate) fn reachable(&self, from: impl IntoIterator<Item = Id>) -> BTreeSet<Id> {
        let mut reached = BTreeSet::new();
        let mut left: Vec<_> = from.into_iter().collect();
        while let Some(id) = left.pop() {
            if reached.insert(id) {
                left.extend(self.callees(id));
            }
        }
        reached
    }

    pub(crate) fn callees(&self, id: Id) -> impl Iterator<Item = Id> {
        self.calls.range((id, Id::MIN)..=(id, Id::MAX)).map(|(&(_, callee), _)| callee)
    }

    pub(crate) fn find(&self, is: impl Fn(&str) -> bool) -> impl Iterator<Item = Id> {
        self.functions.iter().enumerate().filter(move |(_, function)| is(&function.name)).map(|(id, _)| id)
    }
}

/// Bit 0 of the address of a Thumb function is set.
fn code_address(file: &File<'_>, address: u64) -> u64 {
    if file.architecture() == Architecture::Arm { address & !1 } else { address }
}

fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

fn functions(file: &File<'_>) -> Outcome<Vec<Function>> {
    let mut functions = BTreeMap::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let (name, start) = (symbol.name()?, code_address(file, symbol.address()));
        let function = functions.entry(start).or_insert_with(|| Function {
            name: readable(name),
            symbols: Vec::new(),
            addresses: start..start,
        });
        function.symbols.push(name.to_owned());
        function.addresses.end = function.addresses.end.max(start + symbol.size());
    }
    Ok(functions.into_values().collect())
}

/// Where there are constants between the instructions (mapping symbols, AAELF32 §5.5.5).
struct Constants(BTreeMap<u64, bool>);

impl Constants {
    fn contains(&self, address: u64) -> bool {
        self.0.range(..=address).next_back().is_some_and(|(_, is_constant)| *is_constant)
    }
}

fn constants(file: &File<'_>) -> Outcome<Constants> {
    let mut constants = BTreeMap::new();
    for symbol in file.symbols() {
        let name = symbol.name()?;
        if name.starts_with("$d") || name.starts_with("$t") {
            constants.insert(symbol.address(), name.starts_with("$d"));
        }
    }
    Ok(Constants(constants))
}

const CONSTANTS: &str = "constants";

/// Start-up code, and what `compiler_builtins` has under names of C.
const RUNTIME: &str = "runtime";

/// The crate that a symbol comes from: the first name that a path starts with, which in `<T as x::y>::f` is the trait's.
pub(crate) fn crate_of(symbol: &str) -> &str {
    if symbol.starts_with(".L") {
        return CONSTANTS;
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = symbol;
    while let Some(start) = rest.find(is_name) {
        let (name, after) = rest[start..].split_at(rest[start..].find(|c| !is_name(c)).unwrap_or(rest.len() - start));
        if after.starts_with("::") {
            return name;
        }
        rest = after;
    }
    RUNTIME
}

/// Whether there is a `blx` to a register, or a `bx` to one that is not the return address (ARMv7-M A7.7.19, A7.7.20).
fn thumb_calls_register(code: &[u8], is_constant: impl Fn(u64) -> bool) -> bool {
    let mut halves = (0..).step_by(2).zip(code.chunks_exact(2)).filter(|(place, _)| !is_constant(*place));
    while let Some((_, half)) = halves.next() {
        let half = u16::from_le_bytes([half[0], half[1]]);
        if half >> 11 >= 0b11101 {
            halves.next(); // A 32-bit instruction.
        } else if half & 0xFF00 == 0x4700 && half & 0xFFF8 != 0x4770 {
            return true;
        }
    }
    false
}

/// Whether there is a `bl` to the first instruction, which needs no relocation (ARMv7-M A7.7.18).
fn thumb_calls_start(code: &[u8], is_constant: impl Fn(u64) -> bool) -> bool {
    let mut halves = (0..).step_by(2).zip(code.chunks_exact(2)).filter(|(place, _)| !is_constant(*place));
    let mut next = || halves.next().map(|(place, half)| (place, u32::from(u16::from_le_bytes([half[0], half[1]]))));
    while let Some((place, first)) = next() {
        if first >> 11 < 0b11101 {
            continue;
        }
        let Some((_, second)) = next() else { break };
        if first & 0xF800 != 0xF000 || second & 0xD000 != 0xD000 {
            continue;
        }
        let sign = first >> 10 & 1;
        let [i1, i2] = [second >> 13 & 1, second >> 11 & 1].map(|j| !(j ^ sign) & 1);
        let offset = sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
        let offset = i64::from((offset << 7).cast_signed() >> 7);
        if place.cast_signed() + 4 + offset == 0 {
            return true;
        }
    }
    false
}

/// Whether there is a `jal` that links to the first instruction, or an `auipc` and `jalr` that do.
fn riscv_calls_start(code: &[u8]) -> bool {
    let word = |place: usize| Some(u32::from_le_bytes(*code.get(place..)?.first_chunk()?));
    let mut place = 0;
    while let Some(&[low, ..]) = code.get(place..place + 2) {
        if low & 0b11 != 0b11 {
            if low & 0b11 == 0b01 && code[place + 1] >> 5 == 0b001 && compressed_offset(code, place) == back(place) {
                return true; // c.jal
            }
            place += 2;
            continue;
        }
        let Some(first) = word(place) else { break };
        let links = first >> 7 & 0x1F != 0;
        let offset = match first & 0x7F {
            0x6F if links => {
                let bits = (first & 0x8000_0000) >> 11 | first & 0xFF000 | (first >> 9 & 0x800) | (first >> 20 & 0x7FE);
                Some(i64::from((bits << 11).cast_signed() >> 11))
            }
            0x17 => word(place + 4)
                .filter(|second| {
                    second & 0x7F == 0x67 && second >> 7 & 0x1F != 0 && second >> 15 & 0x1F == first >> 7 & 0x1F
                })
                .map(|second| i64::from((first & 0xFFFF_F000).cast_signed()) + i64::from(second.cast_signed() >> 20)),
            _ => None,
        };
        if offset == Some(back(place)) {
            return true;
        }
        place += 4;
    }
    false
}

/// The offset from an instruction to the start.
fn back(place: usize) -> i64 {
    -i64::try_from(place).unwrap_or(i64::MAX)
}

/// The offset of a `c.jal` (CJ format).
fn compressed_offset(code: &[u8], place: usize) -> i64 {
    let half = u32::from(u16::from_le_bytes([code[place], code[place + 1]]));
    let bit = |from: u32, to: u32| (half >> from & 1) << to;
    let offset = bit(12, 11)
        | bit(11, 4)
        | bit(10, 9)
        | bit(9, 8)
        | bit(8, 10)
        | bit(7, 6)
        | bit(6, 7)
        | bit(5, 3)
        | bit(4, 2)
        | bit(3, 1)
        | bit(2, 5);
    i64::from((offset << 20).cast_signed() >> 20)
}

/// Whether there is a `jalr` that links, other than as the second half of a direct call.
///
/// A jump to a register that does not link is taken for a switch. It may be a tail call too: the images for Arm, where the
/// two differ, show that there are none.
fn riscv_calls_register(code: &[u8], is_direct: impl Fn(u64) -> bool) -> bool {
    let mut place = 0;
    while let Some(&[low, high]) = code.get(place..place + 2) {
        let half = u16::from_le_bytes([low, high]);
        let links = half & 0x0F80 != 0;
        let is_call = if half & 0b11 == 0b11 {
            let second_half = place.checked_sub(4).is_some_and(|first| is_direct(first as u64));
            place += 4;
            half & 0x7F == 0x67 && links && !second_half
        } else {
            place += 2;
            half & 0xF07F == 0x9002 && links // c.jalr; without a register it is c.ebreak.
        };
        if is_call {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_a_symbol_is_where_its_path_starts() {
        for (symbol, expected) in [
            ("genuine::x509::chain::verify_signature", "genuine"),
            ("<p384::arithmetic::field::FieldElement as ff::Field>::invert", "p384"),
            ("<&mut demo::Lock as core::fmt::Debug>::fmt", "demo"),
            ("<[T] as ctutils::traits::ct_assign::CtAssign>::ct_assign", "ctutils"),
            ("memcpy", RUNTIME),
            (".Lanon.08db852e03dc71a8196465ef67509187.60", CONSTANTS),
        ] {
            assert_eq!(crate_of(symbol), expected, "{symbol}");
        }
    }

    #[test]
    fn calls_through_registers_are_seen_on_arm() {
        let code = |halves: &[u16]| halves.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
        let no_constants = |_| false;
        assert!(thumb_calls_register(&code(&[0xB580, 0x4798]), no_constants)); // push {r7, lr}; blx r3
        assert!(thumb_calls_register(&code(&[0x4718]), no_constants)); // bx r3
        assert!(!thumb_calls_register(&code(&[0x4770]), no_constants)); // bx lr
        assert!(!thumb_calls_register(&code(&[0xF000, 0x4798]), no_constants)); // the second half of an instruction
        assert!(thumb_calls_register(&code(&[0xF000, 0x4798]), |place| place == 0)); // a constant, and a call
    }

    #[test]
    fn calls_of_itself_are_seen() {
        let halves = |halves: &[u16]| halves.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
        let no_constants = |_| false;
        assert!(thumb_calls_start(&halves(&[0xB580, 0xF7FF, 0xFFFD]), no_constants)); // push {r7, lr}; bl . - 2
        assert!(!thumb_calls_start(&halves(&[0xB580, 0xF7FF, 0xFFFC]), no_constants)); // bl . - 4
        assert!(!thumb_calls_start(&halves(&[0xB580, 0xF000, 0xF800]), no_constants)); // bl . + 4
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
        assert!(riscv_calls_start(&words(&[0x0000_0013, 0xFFDF_F0EF]))); // nop; jal ra, . - 4
        assert!(!riscv_calls_start(&words(&[0x0000_0013, 0xFFDF_F06F]))); // nop; j . - 4
        assert!(riscv_calls_start(&words(&[0x0000_0013, 0x0000_0097, 0xFFC0_80E7]))); // nop; auipc ra, 0; jalr ra, -4(ra)
        assert!(!riscv_calls_start(&words(&[0x0000_0013, 0x0000_0097, 0x0040_80E7])));
        assert!(riscv_calls_start(&halves(&[0x0001, 0x3FFD]))); // c.nop; c.jal . - 2
    }

    #[test]
    fn calls_through_registers_are_seen_on_risc_v() {
        let jalr_ra_a0 = 0x0005_00E7_u32.to_le_bytes();
        let [auipc_ra, jalr_ra_ra, ret] = [0x0000_0097_u32, 0x0000_80E7, 0x0000_8067].map(u32::to_le_bytes);
        let none = |_| false;
        assert!(riscv_calls_register(&jalr_ra_a0, none));
        assert!(riscv_calls_register(&0x9502_u16.to_le_bytes(), none)); // c.jalr a0
        assert!(!riscv_calls_register(&0x9002_u16.to_le_bytes(), none)); // c.ebreak
        assert!(!riscv_calls_register(&ret, none));
        let call = [auipc_ra, jalr_ra_ra].concat();
        assert!(!riscv_calls_register(&call, |place| place == 0));
        assert!(riscv_calls_register(&call, none));
    }
}
