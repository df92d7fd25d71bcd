;; Writes a log line of 16 MB.
;; fault: output_too_big
;;@MEMORY
256
;;@CORE
(func (export "shape") (param i32) (result i32) (call $log (i32.const 1) (i32.const 0) (i32.const 16777216)) (call $answer (i32.const 1008) (i32.const 4)))
