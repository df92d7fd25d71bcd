;; Writes a log line that lies beyond its memory.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (call $log (i32.const 1) (i32.const 65530) (i32.const 100)) (call $answer (i32.const 1008) (i32.const 4)))
