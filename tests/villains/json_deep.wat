;; Answers JSON that is nested seventeen deep.
;; fault: bad_output
;;@CORE
(data (i32.const 900) "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]")
(func (export "shape") (param i32) (result i32) (drop (call $answer (i32.const 900) (i32.const 34))) (i32.store8 (i32.const 1056) (i32.const 5)) (i32.const 1024))
