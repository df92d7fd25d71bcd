//! The wasmtime engine, set up once. Each setting that is not a limit is here because it was measured or closes something.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy, WasmBacktraceDetails, WasmFeatures,
};

use crate::fault::HostFault;
use crate::settings::Settings;

/// Elements of one table.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;
/// Core instances of one component: the guest, wit-component's shims and adapters, and room to spare.
pub(crate) const CORE_INSTANCES: u32 = 32;
/// Linear memories of one component: the guest's, and one that a composed guest may bring.
pub(crate) const MEMORIES: u32 = 2;
/// Tables of one component: the guest's, and those of wit-component's shims.
pub(crate) const TABLES: u32 = 4;

/// The engine in which plugins run.
pub(crate) fn running(settings: &Settings) -> Result<Engine, HostFault> {
    let mut config = compiling(settings);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)));
    Engine::new(&config).map_err(HostFault::engine)
}

/// The configuration that decides what compiled code looks like; the compiling child uses it without a pool.
pub(crate) fn compiling(settings: &Settings) -> Config {
    let mut config = Config::new();
    config.strategy(Strategy::Cranelift).cranelift_opt_level(OptLevel::Speed);
    // Replay must be exact, and this changes compiled code.
    config.cranelift_nan_canonicalization(true);
    // Fuel is the deterministic quota, epochs are the wall clock.
    config.consume_fuel(true).epoch_interruption(true);
    // Explicit bounds checks: megabytes of address space per slot instead of gigabytes, and Cranelift masks speculation.
    config.memory_reservation(settings.memory as u64).memory_guard_size(0).memory_reservation_for_growth(0).memory_may_move(false);
    config.guard_before_linear_memory(false);
    config.max_wasm_stack(settings.wasm_stack).async_stack_size(settings.async_stack);
    config.gc_support(false).concurrency_support(false);
    config.native_unwind_info(false).wasm_backtrace_details(WasmBacktraceDetails::Disable).wasm_backtrace_max_frames(None);
    // What is not named is off, also what a later version would switch on.
    config.wasm_features(WasmFeatures::all().difference(features()), false);
    config.wasm_features(features(), true);
    config
}

/// WebAssembly as plugins may use it: what LLVM emits for wasm32-wasip2, components, and vectors.
pub(crate) fn features() -> WasmFeatures {
    WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::FLOATS
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::COMPONENT_MODEL
}

fn pool(settings: &Settings) -> PoolingAllocationConfig {
    let slots = settings.slots;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots * CORE_INSTANCES)
        .total_memories(slots * MEMORIES)
        .total_tables(slots * TABLES)
        .total_stacks(slots)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ELEMENTS)
        .max_memory_size(settings.memory)
        .linear_memory_keep_resident(settings.memory_keep_resident)
        .table_keep_resident(16 << 10)
        .async_stack_keep_resident(0)
        // Security: with PAGEMAP_SCAN a page that was swapped out is neither wiped nor dropped: residue of another call.
        .pagemap_scan(Enabled::No);
    pool
}
