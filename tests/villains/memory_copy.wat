;; Copies its memory to and fro.
;; fault: out_of_fuel
;;@MEMORY
256
;;@CORE
(func (export "shape") (param i32) (result i32) (loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 16777215)) (br 0)) (unreachable))
