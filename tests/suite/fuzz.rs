//! The corpora of `fuzz/`, run as tests: what fuzzing found once is read in every run.

use std::{fs, time::Instant};

/// The functions that are fuzzed.
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a crate of its own for the fuzzer")]
mod targets;

#[test]
fn every_corpus_is_read_without_harm() {
    let root = crate::docs::root();
    for (name, run) in targets::TARGETS {
        let begin = Instant::now();
        let mut inputs: Vec<_> = fs::read_dir(root.join("fuzz/corpus").join(name))
            .unwrap_or_else(|error| panic!("fuzz/corpus/{name}: {error}"))
            .map(|entry| entry.unwrap().path())
            .collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "fuzz/corpus/{name} is empty");
        for input in &inputs {
            println!("{}", input.display());
            run(&fs::read(input).unwrap());
        }
        run(b"");
        println!("{name}: {} inputs in {:?}", inputs.len(), begin.elapsed());
        assert!(root.join(format!("fuzz/fuzz_targets/{name}.rs")).is_file(), "fuzz/fuzz_targets/{name}.rs");
    }
    let size =
        |folder: &std::path::Path| -> u64 { fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum() };
    let all: u64 = targets::TARGETS.iter().map(|(name, _)| size(&root.join("fuzz/corpus").join(name))).sum();
    assert!(all < 1_000_000, "the corpora have {all} bytes: minimise them with `scripts/fuzz`");
}
