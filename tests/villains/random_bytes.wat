;; Wants 2^31 random bytes.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (call $random (i32.const 0x80000000) (i32.const 512)) (call $answer (i32.const 1008) (i32.const 4)))
