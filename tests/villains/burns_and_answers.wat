;; Burns most of its fuel and answers honestly: it never faults, so no circuit breaker shuts it out.
;; fault: none
;;@CORE
(func (export "shape") (param i32) (result i32) (local $turns i32)
  (local.set $turns (i32.const 2000000))
  (loop (br_if 0 (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
  (call $answer (i32.const 1008) (i32.const 4)))
