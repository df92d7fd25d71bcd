;; Answers a text whose end wraps around 32 bits.
;; fault: bad_output output_too_big
;;@CORE
(func (export "shape") (param i32) (result i32) (call $answer (i32.const -16) (i32.const 32)))
