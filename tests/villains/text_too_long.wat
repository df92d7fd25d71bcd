;; Answers a claim of 60,000 letters.
;; fault: output_too_big
;;@MEMORY
2
;;@CORE
(func (export "shape") (param i32) (result i32) (memory.fill (i32.const 8192) (i32.const 97) (i32.const 60000)) (call $answer (i32.const 8192) (i32.const 60000)))
