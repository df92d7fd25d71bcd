;; Reads beyond its memory.
;; fault: trapped
;;@CORE
(func (export "shape") (param i32) (result i32) (i32.load (i32.const 16777212)))
