//! The bundled vectors: a handful in full, so that the steps can be read; the rest in one line each.

use std::{io, process::ExitCode};

use genuine::{UnixMillis, UnixTime};
use genuine_explain::{Anchors, Expected, Input, TokenSide, Vector, explain};
use genuine_testvectors::{ANDROID_GROUPS, PLAY_GROUPS, ROOT_PEM, texts};

use crate::{
    INTRODUCTION, Tally,
    arguments::{Arguments, Roots},
    fail, now, of_chain, of_token, print,
    print::{Explained, Explanation, Style, group_title},
};

pub(crate) fn run() -> io::Result<ExitCode> {
    let style = Style::of_stdout();
    let mut anchors = Anchors::apple();
    if let Err(reason) = anchors.add_pem(ROOT_PEM.as_bytes()) {
        return Ok(fail(&reason));
    }
    let mut tally = Tally::default();
    let mut explained = Vec::new();
    for (id, json) in texts() {
        match Vector::parse(json) {
            Ok(vector) => {
                let explanation = explain(&vector.object, Some(vector.kind), &vector.side, &anchors, now());
                let one = Explained {
                    name: id.to_owned(),
                    description: vector.description,
                    expected: Some(vector.expected),
                    explanation: Explanation::Object(Box::new(explanation)),
                };
                tally.count(&one);
                explained.push(one);
            }
            Err(reason) => return Ok(fail(&format!("{id}: {reason}"))),
        }
    }
    for (group, json) in PLAY_GROUPS {
        let Ok(Input::TokenGroup(vectors)) = Input::read(json.as_bytes()) else {
            return Ok(fail(&format!("{group}: no group of tokens")));
        };
        for vector in vectors {
            let name = vector.id.clone().unwrap_or_default();
            // Each has its time.
            let one = of_token(&name, vector, &TokenSide::default(), UnixMillis(0));
            tally.count(&one);
            explained.push(one);
        }
    }
    let roots = match Roots::of_test_chains() {
        Ok(roots) => roots,
        Err(reason) => return Ok(fail(&reason)),
    };
    let arguments = Arguments { roots, ..Arguments::default() };
    for (group, json) in ANDROID_GROUPS {
        let Ok(Input::ChainGroup(vectors)) = Input::read(json.as_bytes()) else {
            return Ok(fail(&format!("{group}: no group of chains")));
        };
        for vector in vectors {
            let name = vector.id.clone().unwrap_or_default();
            let one = of_chain(&name, vector, &arguments, UnixTime(0));
            tally.count(&one);
            explained.push(one);
        }
    }
    print(INTRODUCTION)?;
    for one in take_representative(&mut explained) {
        print(&one.in_full(style))?;
    }
    print("The rest in brief: `ok` if the verdict is as expected, the verdict, the vector and what it is.\n\n")?;
    print_briefly(&mut explained, style)?;
    for one in explained.iter().filter(|one| !one.is_as_expected()) {
        print(&one.in_full(style))?;
    }
    print(&tally.line())?;
    Ok(tally.status())
}

/// One of each sort, in full.
const REPRESENTATIVE: [&str; 8] = [
    "generation::ios14-production",
    "generation::ios27-production",
    "chain::leaf-nonce-flipped",
    "chain::attacker-with-every-name",
    "generation::assertion-ios27-production",
    "counter::replayed",
    "android-good::remote",
    "android-forged::below-remote",
];

/// Takes the representative ones out.
fn take_representative(explained: &mut Vec<Explained>) -> Vec<Explained> {
    let take = |id: &&str| {
        let position = explained.iter().position(|one| one.name == *id)?;
        Some(explained.remove(position))
    };
    REPRESENTATIVE.iter().filter_map(take).collect()
}

/// One line each, grouped by what is expected.
fn print_briefly(explained: &mut [Explained], style: Style) -> io::Result<()> {
    explained.sort_by_key(|one| match one.expected {
        None | Some(Expected::Pass) => 0,
        Some(Expected::Exactly(error)) => error.code(),
        Some(_) => 1,
    });
    for group in explained.chunk_by(|one, other| one.expected == other.expected) {
        if let Some(expected) = group.first().and_then(|one| one.expected) {
            print(&format!("{}\n", group_title(expected, style)))?;
        }
        for one in group {
            print(&one.in_brief(style))?;
        }
        print("\n")?;
    }
    Ok(())
}
