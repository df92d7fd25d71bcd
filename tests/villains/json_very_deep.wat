;; Answers JSON that is nested twenty thousand deep.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (memory.fill (i32.const 8192) (i32.const 91) (i32.const 20000)) (drop (call $answer (i32.const 8192) (i32.const 20000))) (i32.store8 (i32.const 1056) (i32.const 5)) (i32.const 1024))
