//! Validates a component with our feature set, and counts what makes compilers slow.

use wasmparser::{ComponentTypeRef, FunctionBody, MemoryType, Operator, Parser, Payload, TableType, ValidPayload, Validator};

use crate::engine::{CORE_INSTANCES, TABLE_ELEMENTS, features};
use crate::fault::UploadRefusal;
use crate::settings::Settings;

/// Functions in one component.
const FUNCTIONS: u32 = 20_000;
/// Bytes of one function's body.
const BODY: usize = 256 << 10;
/// Targets of all `br_table`s in one function.
const BRANCHES: u32 = 16_384;
/// Instances of components, which nested components can multiply.
const COMPONENT_INSTANCES: u32 = 64;
/// Modules and components in one component.
const MODULES: u32 = 64;
/// Bytes of a page of linear memory.
const PAGE: u64 = 65_536;

/// What a valid component is made of.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) initial_memory: u64,
    functions: u32,
    core_instances: u32,
    component_instances: u32,
    modules: u32,
}

/// Validates a component.
pub(super) fn validate(component: &[u8], settings: &Settings) -> Result<Shape, UploadRefusal> {
    let mut validator = Validator::new_with_features(features());
    let mut shape = Shape::default();
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(invalid)?;
        // Counts come before validation, so that nothing is validated at length that is refused anyway.
        shape.count(&payload, depth, settings)?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload).map_err(invalid)? {
            let mut function = function.into_validator(allocations);
            function.validate(&body).map_err(invalid)?;
            allocations = function.into_allocations();
        }
    }
    Ok(shape)
}

impl Shape {
    fn count(&mut self, payload: &Payload<'_>, depth: u32, settings: &Settings) -> Result<(), UploadRefusal> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                add(&mut self.modules, 1, MODULES, "modules")?;
            }
            Payload::FunctionSection(functions) => add(&mut self.functions, functions.count(), FUNCTIONS, "functions")?,
            Payload::CodeSectionEntry(body) => check_body(body)?,
            Payload::InstanceSection(instances) => {
                add(&mut self.core_instances, instances.count(), CORE_INSTANCES, "core instances")?;
            }
            Payload::ComponentInstanceSection(instances) => {
                add(&mut self.component_instances, instances.count(), COMPONENT_INSTANCES, "component instances")?;
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    self.memory(&memory.map_err(invalid)?, settings)?;
                }
            }
            Payload::TableSection(tables) => {
                for table in tables.clone() {
                    check_table(&table.map_err(invalid)?.ty)?;
                }
            }
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports.clone() {
                    let import = import.map_err(invalid)?;
                    self.imports.push(import.name.name.to_owned());
                    if !matches!(import.ty, ComponentTypeRef::Instance(_)) {
                        return Err(UploadRefusal::UnknownImport(import.name.name.to_owned()));
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports.clone() {
                    self.exports.push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn memory(&mut self, memory: &MemoryType, settings: &Settings) -> Result<(), UploadRefusal> {
        if memory.memory64 || memory.shared {
            return Err(UploadRefusal::Invalid("64-bit and shared memories are not accepted".to_owned()));
        }
        let bytes = memory.initial.saturating_mul(PAGE);
        if bytes > settings.memory as u64 {
            return Err(UploadRefusal::InitialMemory { bytes, limit: settings.memory as u64 });
        }
        self.initial_memory += bytes;
        Ok(())
    }
}

fn check_table(table: &TableType) -> Result<(), UploadRefusal> {
    if table.initial > TABLE_ELEMENTS as u64 { Err(UploadRefusal::TooComplex("elements in a table")) } else { Ok(()) }
}

fn check_body(body: &FunctionBody<'_>) -> Result<(), UploadRefusal> {
    if body.range().len() > BODY {
        return Err(UploadRefusal::TooComplex("instructions in one function"));
    }
    let mut branches = 0;
    for operator in body.get_operators_reader().map_err(invalid)? {
        if let Operator::BrTable { targets } = operator.map_err(invalid)? {
            add(&mut branches, targets.len(), BRANCHES, "branches of br_table")?;
        }
    }
    Ok(())
}

fn add(sum: &mut u32, more: u32, limit: u32, what: &'static str) -> Result<(), UploadRefusal> {
    *sum = sum.saturating_add(more);
    if *sum > limit { Err(UploadRefusal::TooComplex(what)) } else { Ok(()) }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn invalid(error: wasmparser::BinaryReaderError) -> UploadRefusal {
    UploadRefusal::Invalid(error.to_string())
}
