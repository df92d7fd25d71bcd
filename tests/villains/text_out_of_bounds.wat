;; Answers a text that lies beyond its memory.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (call $answer (i32.const 65530) (i32.const 100)))
