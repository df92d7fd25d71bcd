;; Answers, then loops for ever when its answer is taken.
;; fault: out_of_fuel
;;@CORE
(func (export "post") (param i32) (loop (br 0)))
;;@LIFTED
(alias core export $plugin "post" (core func $post))
;;@POST
(post-return $post)
