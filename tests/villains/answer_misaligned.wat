;; Answers a pointer that is not aligned.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (i32.const 1027))
