;; Recurses for ever.
;; fault: trapped
;;@CORE
(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))
(func (export "shape") (param i32) (result i32) (call $deeper (i32.const 0)))
