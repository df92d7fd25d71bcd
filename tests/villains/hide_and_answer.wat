;; Uses most of its fuel and answers in time: slow, but within its limits.
;; fault: none
;;@CORE
(func (export "shape") (param i32) (result i32) (local $left i32) (local.set $left (i32.const 500000)) (loop (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1))))) (call $answer (i32.const 1008) (i32.const 4)))
