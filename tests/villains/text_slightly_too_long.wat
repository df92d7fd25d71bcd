;; Answers a claim one letter longer than all of the output may be.
;; fault: output_too_big
;;@MEMORY
2
;;@CORE
(func (export "shape") (param i32) (result i32) (memory.fill (i32.const 8192) (i32.const 97) (i32.const 32769)) (call $answer (i32.const 8192) (i32.const 32769)))
