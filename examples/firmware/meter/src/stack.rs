//! The static bound of the stack: the most expensive path through the calls, by the frames that the compiler reports.

use std::{collections::BTreeSet, fmt};

use crate::{
    elf::{Elf, Id},
    image::Image,
};

/// What is measured by painting is what this function calls, in as many copies as there are callers.
const ROOT: &str = "firmware::board::stack::call";

/// Bytes of a function whose frame the compiler does not report: those of `compiler_builtins`, which comes compiled. The
/// largest, `memcpy`, has 84.
const UNREPORTED: u64 = 96;

/// Bytes of what the compiler moves out of several functions when it optimises for size: it and its caller put the return
/// address aside, and nothing else.
const OUTLINED: u64 = 16;

pub(crate) struct Bound {
    pub(crate) bytes: u64,
    /// The most expensive path, with the frame of each function.
    path: Vec<(String, u64)>,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.iter().try_for_each(|(name, bytes)| writeln!(f, "  {bytes:>6}  {name}"))
    }
}

/// The bound, or why there is none: recursion, or a call through a register.
pub(crate) fn bound(image: &Image) -> Result<Bound, String> {
    let elf = &image.elf;
    let roots: BTreeSet<_> = elf.find(|name| name == ROOT).collect();
    if roots.is_empty() {
        return Err(format!("{ROOT} is not there"));
    }
    let reached = elf.reachable(roots.iter().copied());
    if let Some(&id) = reached.intersection(&elf.indirect).next() {
        return Err(format!("{} calls through a register", elf.functions[id].name));
    }
    let unknown = |id: &&Id| frame(image, **id).is_none() && !is_outlined(elf, **id) && !is_precompiled(elf, **id);
    if let Some(&id) = reached.iter().find(unknown) {
        return Err(format!("the frame of {} is not known", elf.functions[id].name));
    }
    let mut depths = vec![None; elf.functions.len()];
    let mut deepest = None;
    for &root in &roots {
        deepest = deepest.max(Some((depth(image, root, &mut depths, &mut BTreeSet::new())?, root)));
    }
    let (bytes, mut id) = deepest.ok_or("no root")?;
    let mut path = Vec::new();
    loop {
        path.push((elf.functions[id].name.clone(), bytes_of(image, id)));
        match elf.callees(id).max_by_key(|callee| depths[*callee]) {
            Some(next) => id = next,
            None => return Ok(Bound { bytes, path }),
        }
    }
}

fn depth(image: &Image, id: Id, depths: &mut [Option<u64>], open: &mut BTreeSet<Id>) -> Result<u64, String> {
    if let Some(known) = depths[id] {
        return Ok(known);
    }
    if !open.insert(id) {
        return Err(format!("{} is recursive", image.elf.functions[id].name));
    }
    let mut below = 0;
    for callee in image.elf.callees(id) {
        below = below.max(depth(image, callee, depths, open)?);
    }
    open.remove(&id);
    let bytes = below + bytes_of(image, id);
    depths[id] = Some(bytes);
    Ok(bytes)
}

fn frame(image: &Image, id: Id) -> Option<u64> {
    image.elf.functions[id].symbols.iter().find_map(|symbol| image.frames.get(symbol).copied())
}

/// The frame, or what stands for it where none is reported.
fn bytes_of(image: &Image, id: Id) -> u64 {
    frame(image, id).unwrap_or(if is_outlined(&image.elf, id) { OUTLINED } else { UNREPORTED })
}

fn is_outlined(elf: &Elf, id: Id) -> bool {
    elf.functions[id].name.starts_with("OUTLINED_FUNCTION_")
}

fn is_precompiled(elf: &Elf, id: Id) -> bool {
    const OF_C: [&str; 5] = ["memcpy", "memmove", "memset", "memcmp", "bcmp"];
    let name = elf.functions[id].name.as_str();
    OF_C.contains(&name) || ["compiler_builtins::", "__"].iter().any(|start| name.starts_with(start))
}
