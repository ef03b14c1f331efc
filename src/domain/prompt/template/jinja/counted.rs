//! Compiled templates with their counting put in. The engine makes texts and lists in its own steps, where no filter of ours stands: before
//! each of them comes a call that looks at the values it is about to take. What it takes stays what it was, and so do its errors.

use minijinja::{
    Value,
    machinery::{Instruction, Instructions},
};

use super::charge::Step;

/// No place in the engine's cache of filters.
const UNCACHED: u8 = !0;

/// The steps of a template, each that makes something with its call before or behind it.
pub(super) fn counted<'s>(plain: &Instructions<'s>) -> Instructions<'s> {
    let mut counted = Writer { out: Instructions::new(plain.name(), plain.source()), plain, at: 0, next: 0 };
    let mut starts = Vec::new();
    while let Some(instruction) = plain.get(counted.at) {
        starts.push(counted.next);
        counted.step(instruction);
        counted.at += 1;
    }
    starts.push(counted.next);
    let Writer { mut out, next, .. } = counted;
    for at in 0..next {
        let Some(instruction) = out.get_mut(at) else { continue };
        if let Instruction::Iterate(target)
        | Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target)
        | Instruction::BuildMacro(_, target, _) = instruction
            && let Some(moved) = usize::try_from(*target).ok().and_then(|target| starts.get(target))
        {
            *target = *moved;
        }
    }
    out
}

struct Writer<'p, 's> {
    out: Instructions<'s>,
    plain: &'p Instructions<'s>,
    /// The step that is being written, in the plain template.
    at: u32,
    /// The next one's number in the counted template.
    next: u32,
}

impl<'s> Writer<'_, 's> {
    fn step(&mut self, instruction: &Instruction<'s>) {
        if let Instruction::EmitRaw(text) = instruction {
            self.add(Instruction::LoadConst(Value::from(text.len())));
            self.call(Step::Raw);
            self.add(Instruction::DiscardTop);
        } else if let Some((step, operands)) = taking(instruction) {
            self.add(Instruction::BuildList(Some(operands)));
            self.call(step);
            self.add(Instruction::UnpackList(operands));
        } else if let Instruction::UnpackList(_) = instruction {
            self.call(Step::Unpack);
        }
        self.add(instruction.clone());
        if let Instruction::BuildList(_) | Instruction::BuildTuple(_) | Instruction::BuildMap(_) = instruction {
            self.call(Step::Build);
        }
    }

    fn call(&mut self, step: Step) {
        self.add(Instruction::ApplyFilter(step.filter(), Some(1), UNCACHED));
    }

    fn add(&mut self, instruction: Instruction<'s>) {
        match (self.plain.get_span(self.at), self.plain.get_line(self.at).and_then(|line| u16::try_from(line).ok())) {
            (Some(span), _) => self.out.add_with_span(instruction, span),
            (None, Some(line)) => self.out.add_with_line(instruction, line),
            (None, None) => self.out.add(instruction),
        };
        self.next += 1;
    }
}

/// What a step does with the values that it takes, and how many these are; `None` where that is nothing that counts.
fn taking(instruction: &Instruction<'_>) -> Option<(Step, usize)> {
    if let Instruction::Add = instruction {
        Some((Step::Add, 2))
    } else if let Instruction::Mul = instruction {
        Some((Step::Multiply, 2))
    } else if let Instruction::StringConcat = instruction {
        Some((Step::Concat, 2))
    } else if let Instruction::Slice = instruction {
        Some((Step::Slice, 4))
    } else if let Instruction::SetAttr(_) = instruction {
        Some((Step::Store, 2))
    } else if let Instruction::UnpackLists(lists) | Instruction::MergeKwargs(lists) = instruction {
        Some((Step::Spread, *lists))
    } else if let Instruction::In | Instruction::PerformTest("in", Some(2), _) = instruction {
        Some((Step::In, 2))
    } else if let Instruction::PerformTest(_, Some(arguments @ 2..), _) = instruction {
        Some((Step::Compare, usize::from(*arguments)))
    } else if let Instruction::Eq
    | Instruction::Ne
    | Instruction::Gt
    | Instruction::Gte
    | Instruction::Lt
    | Instruction::Lte
    | Instruction::CompareAndPreserve(_) = instruction
    {
        Some((Step::Compare, 2))
    } else {
        None
    }
}
