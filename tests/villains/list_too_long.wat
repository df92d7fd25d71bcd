;; Answers a list of a hundred million edits.
;; fault: bad_output
;;@CORE
(func (export "shape") (param i32) (result i32) (i32.store (i32.const 1028) (i32.const 4096)) (i32.store (i32.const 1032) (i32.const 100000000)) (i32.const 1024))
