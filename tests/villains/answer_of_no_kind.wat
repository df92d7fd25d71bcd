;; Answers an edit of a kind that does not exist.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (drop (call $answer (i32.const 1008) (i32.const 4))) (i32.store8 (i32.const 1040) (i32.const 200)) (i32.const 1024))
