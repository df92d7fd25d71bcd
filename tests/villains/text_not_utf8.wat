;; Answers text that is not UTF-8.
;; fault: bad_output
;;@CORE
(data (i32.const 900) "\ff\fe\80\c0")
(func (export "shape") (param i32) (result i32) (call $answer (i32.const 900) (i32.const 4)))
