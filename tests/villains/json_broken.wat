;; Answers JSON that is none.
;; fault: bad_output
;;@CORE
(data (i32.const 900) "{\"a\":1},\"b\"")
(func (export "shape") (param i32) (result i32) (drop (call $answer (i32.const 900) (i32.const 11))) (i32.store8 (i32.const 1056) (i32.const 5)) (i32.const 1024))
