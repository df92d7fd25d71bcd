;; Asks the host a million times.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (local $left i32) (local.set $left (i32.const 1000000))
  (loop (drop (call $clock)) (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (call $answer (i32.const 1008) (i32.const 4)))
