;; Waits for the clock to move; it never does.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (local $then i64) (local.set $then (i64.add (call $clock) (i64.const 60000))) (loop (br_if 0 (i64.lt_u (call $clock) (local.get $then)))) (call $answer (i32.const 1008) (i32.const 4)))
