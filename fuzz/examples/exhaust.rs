use genuine_fuzz::TARGETS;
use genuine_testvectors::generator::Generator;
fn main() {
    let g = Generator::new();
    let t = TARGETS.iter().find(|t| t.name == "attestation_structured").unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    let pairs = std::env::args().nth(1).as_deref() == Some("pairs");
    let step: usize = std::env::args().nth(2).map_or(1, |s| s.parse().unwrap());
    let forms: Vec<Vec<String>> = g.mutators().map(|m| m.into_iter().map(String::from).collect()).collect();
    println!("{} forms, {} mutators: {:?}", forms.len(), forms.iter().map(Vec::len).sum::<usize>(), forms.iter().map(Vec::len).collect::<Vec<_>>());
    let mut bad = std::collections::BTreeMap::<String, u32>::new();
    let mut n = 0u64;
    let mut run = |e: Vec<u8>, name: String| {
        n += 1;
        let r = std::panic::catch_unwind(|| (t.run)(&e));
        if let Err(p) = r {
            let m = p.downcast_ref::<String>().cloned().or(p.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default();
            let id = std::panic::catch_unwind(|| Generator::new().draw(&e).id).unwrap_or(format!("draw panics {name}"));
            *bad.entry(format!("{id}: {m}")).or_default() += 1;
        }
    };
    let mut x = 12345u64;
    for (f, m) in forms.iter().enumerate() {
        let idx = |i: usize| if m.len() > 256 { vec![(i >> 8) as u8, i as u8] } else { vec![i as u8] };
        for i in 0..m.len() {
            if !pairs {
                for k in 0..4 {
                    let mut e = vec![f as u8, 1]; e.extend(idx(i));
                    for _ in 0..40 { x ^= x << 13; x ^= x >> 7; x ^= x << 17; e.push(if k == 0 { 0 } else { x as u8 }); }
                    run(e, m[i].clone());
                }
            } else {
                for j in 0..m.len() { if j > i && (i * 7919 + j) % step == 0 {
                    let mut e = vec![f as u8, 2]; e.extend(idx(i)); e.extend(idx(j));
                    for _ in 0..40 { x ^= x << 13; x ^= x >> 7; x ^= x << 17; e.push(x as u8); }
                    run(e, format!("{}+{}", m[i], m[j]));
                } }
            }
        }
    }
    println!("{n} runs, {} bad", bad.len());
    for (k, v) in bad { println!("{v} {k}"); }
}
