;; Logs, then traps: what it logged is kept.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (call $log (i32.const 3) (i32.const 1008) (i32.const 4)) (unreachable))
