;; Writes a log line of a level that does not exist.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (call $log (i32.const 9) (i32.const 0) (i32.const 1)) (call $answer (i32.const 1008) (i32.const 4)))
