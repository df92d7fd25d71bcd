;; Looks through all of its memory for what another call left; traps when it finds a byte.
;; fault: none
;;@MEMORY
256
;;@CORE
(func (export "shape") (param i32) (result i32) (local $at i32) (local.set $at (i32.const 131072))
  (loop (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (unreachable)))
    (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (i32.const 16777216))))
  (call $answer (i32.const 1008) (i32.const 4)))
