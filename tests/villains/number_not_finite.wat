;; Answers a number that is not finite.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (drop (call $answer (i32.const 1008) (i32.const 4))) (i32.store8 (i32.const 1056) (i32.const 2)) (f64.store (i32.const 1064) (f64.const inf)) (i32.const 1024))
