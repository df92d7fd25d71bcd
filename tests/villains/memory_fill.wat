;; Fills all of its memory again and again.
;; fault: out_of_fuel
;;@MEMORY
256
;;@CORE
(func (export "shape") (param i32) (result i32) (loop (memory.fill (i32.const 0) (i32.const 7) (i32.const 16777216)) (br 0)) (unreachable))
