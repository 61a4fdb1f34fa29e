# The portal's words in Arabic. Plural forms by CLDR: zero, one, two, few (3-10),
# many (11-99), other. Values that read left to right are set apart by the code.

language-name = العربية
language-direction = rtl

# First page
landing-title = أهلًا بك في { $network }
landing-body = إنترنت مجاني تقدّمه أمانة الأحساء لزوّار الممشى والمتنزه. يصلك رمز الدخول برسالة نصية خلال لحظات.
landing-services = خدمات الأمانة (دون تسجيل)
phone-label = رقم الجوال
phone-hint = مثال: { $example }. لغير الأرقام السعودية: ابدأ بعلامة + ثم رمز الدولة.
phone-terms = أوافق على شروط الاستخدام واطّلعت على إشعار الخصوصية
phone-aware = أرغب في استقبال رسائل الأمانة التوعوية (اختياري)
phone-send = إرسال الرمز
phone-why = نستخدم رقمك للتحقق من الدخول فقط، ولا نعرضه لأحد.

# Code
code-title = إدخال الرمز
code-sent = أرسلنا رمزًا من 6 أرقام إلى { $phone }.
code-until = وهو صالح حتى { $clock }.
code-label = رمز الدخول
code-submit = دخول
code-edit = الرقم غير صحيح؟ تعديل الرقم
code-keep = يمكن إغلاق هذه النافذة لقراءة الرسالة ثم العودة إليها، وسنكون في انتظارك.
resend-wait = لم تصل الرسالة؟ يمكن إعادة الإرسال بعد { $t }.
resend-btn = إعادة إرسال الرمز
resend-done = أرسلنا رمزًا جديدًا. الرمز الأحدث هو الصالح.
sms-code =
    رمز { $network } { $code }
    صالح 5 دقائق، ولا تشاركه مع أحد.
sms-report-code =
    أُغلق بلاغكم 940 رقم { $report }
    رمز التحقق من المعالجة: { $code }

# Online
ok-title = تم الاتصال
ok-body = يمكنك التصفّح الآن. رصيدك اليوم: { $allowance }.
landing-known = مرحبًا بعودتك، اتصالك جاهز.
ok-unlimited = يمكنك التصفّح الآن.
ok-device = سنتعرّف على جهازك تلقائيًا في زياراتك خلال { $days }.
ok-onward = متابعة إلى { $host }
waiting-title = نفتح لك الطريق
waiting-body = نصل جهازك بالإنترنت الآن، ويستغرق ذلك ثواني قليلة.
late-title = تأخّر الاتصال
late-body = دخولك محفوظ ولا حاجة إلى رمز جديد. يمكن إطفاء الواي فاي وتشغيله، ثم المحاولة من جديد.
status-title = حالة الاتصال
status-left = المتبقي اليوم: { $allowance }
status-unlimited = لا حدّ لاستخدامك اليوم.
status-renews = يتجدّد الرصيد عند { $clock }.
status-again = تحديث
status-end = إنهاء الاتصال
both-of-day = { $time } و{ $data }
both-left = { $time } · { $data }
time-label = الوقت
data-label = البيانات
bye-title = انتهى الاتصال
bye-body = شكرًا لزيارتك. يمكنك الدخول من جديد في أي وقت.
quota-title = انتهى رصيد اليوم
quota-body = يتجدّد الرصيد عند { $clock }.
quota-body-services = يتجدّد الرصيد عند { $clock }. وتبقى خدمات الأمانة متاحة دون رصيد.
quota-warn = تبقّى { $left } من رصيدك اليوم.
quota-speed = وصلت إلى حد الاستخدام العادل، وسرعتك الآن محدودة حتى { $clock }.
quota-stay = انتهى رصيد هذه الزيارة. رمز جديد يبدأ زيارة جديدة.
closed-title = الشبكة مغلقة الآن
closed-body = الشبكة متاحة من { $open } إلى { $close }. نراك قريبًا.
devices-title = أجهزتي
devices-lead = الأجهزة التي تتصل برقمك دون رمز جديد.
devices-this = هذا الجهاز
devices-seen = آخر ظهور: { $when }
devices-remove = إزالة
devices-gone = أُزيل الجهاز وقُطع اتصاله. يلزمه رمز جديد ليعود.

# Terms
terms-title = شروط الاستخدام وإشعار الخصوصية
terms-short = باختصار: استخدام مشروع، ورصيد يومي، ونحفظ رقم الجوال وعنوان الجهاز وأوقات الاتصال مدة { $retention } كما تقتضي الأنظمة، ولا نسجّل المواقع التي تزورها.
terms-use-title = الاستخدام
terms-use = تُقدَّم الخدمة مجانًا لزوّار المكان. يلتزم المستخدم بأنظمة المملكة، وبألّا يضرّ بالشبكة أو بمستخدميها، وأن يكون رقم الجوال المسجَّل رقمه هو.
terms-fair-title = الرصيد والتوفّر
terms-fair = لكل زائر رصيد يومي من الوقت والبيانات حتى تتّسع الشبكة للجميع. وقد تقلّ السرعة أو تتوقف الخدمة عند الازدحام أو الصيانة.
terms-safe-title = الأمان
terms-safe = هذه شبكة عامة مفتوحة. المواقع التي يبدأ عنوانها بـ { $https } مشفّرة، ولا نطلب منك كلمة مرور ولا بيانات بنكية.
terms-data-title = بياناتك
terms-data = نعالج رقم الجوال للتحقق من الدخول، وعنوان الجهاز وأوقات الاتصال وحجم البيانات لإدارة الرصيد والوفاء بالأنظمة. تُحفظ داخل المملكة مشفّرة، ولا تُعطى إلا لجهة مختصة بطلب نظامي، ثم تُتلف.
terms-rights = يحقّ لك الاطلاع على بياناتك وتصحيحها وطلب إتلافها والعدول عن موافقتك عبر أرقام المساعدة.
terms-minor = لمن هم دون السن النظامية: يكون الاستخدام بموافقة ولي الأمر.
terms-version = الإصدار { $version }

# Help
help-title = المساعدة
help-call = الرقم الموحد: { $unified }
help-wa = واتساب: { $whatsapp } (احفظ الرقم)
help-reports = بلاغات الخدمات البلدية: { $reports }
help-ref = رقم المتابعة لفريق الدعم: { $ref }
help-sms = لم تصل الرسالة؟ تأكّد من الرقم ومن تغطية شبكة الجوال، ثم اطلب إعادة الإرسال بعد انتهاء مدة الانتظار.
help-closed = أُغلقت النافذة؟ افتح إعدادات الواي فاي واختر الشبكة من جديد، فتعود إلى حيث توقّفت.
help-vpn = لا تفتح الصفحة؟ أوقف الشبكة الافتراضية (VPN) حتى يتم الدخول.

# Everywhere
network-name = واي فاي الأحساء
back = رجوع
again = المحاولة من جديد
more = المزيد
start = متابعة

# What every page of a site says at the moment
landing-trial = الخدمة في مرحلة التشغيل التجريبي، ورأيك يهمّنا.
office-backup = نستخدم الشبكة مؤقتًا لاستمرار خدمات الأمانة، فقد تقلّ السرعة أو تتوقف الخدمة قليلًا. شكرًا لتفهّمك.
e-internet = الاتصال بالإنترنت منقطع في هذا الموقع، وفريقنا على علم.
e-internet-services = الاتصال بالإنترنت منقطع في هذا الموقع، وفريقنا على علم. تبقى خدمات الأمانة الداخلية متاحة.

# Errors
fault = خطأ
e-phone-empty = لم يُكتب رقم الجوال بعد.
e-phone-format = يبدو أن الرقم ناقص أو فيه خطأ. مثال صحيح: { $example }
e-phone-letters = الرقم يحتوي على حروف. نحتاج إلى الأرقام فقط.
e-phone-landline = هذا رقم ثابت لا يستقبل الرسائل النصية.
e-phone-country = الأرقام من هذه الدولة غير مفعّلة حاليًا.
e-terms = للمتابعة يلزم الموافقة على شروط الاستخدام.
e-code-format = الرمز مكوّن من 6 أرقام، وتجده في الرسالة النصية.
e-code-wrong = الرمز غير مطابق. تبقّى لك { $attempts }.
e-code-expired = انتهت صلاحية الرمز. يمكن طلب رمز جديد من الزر أدناه.
e-code-used = استُخدم هذا الرمز من قبل.
e-code-locked = محاولات كثيرة. لنبدأ من جديد برمز آخر.
e-wait = طلبات متتابعة من هذا الجهاز. الرجاء الانتظار { $t }.
e-busy = زوّار كثيرون يسجّلون الدخول الآن. الرجاء المحاولة بعد { $t }.
e-wait-title = لحظة من فضلك
e-devices = بلغ عدد الأجهزة لهذا الرقم الحد الأعلى ({ $n })، فانتهى اتصال أقدمها.
e-capacity = الموقع مزدحم جدًا. يُرجى المحاولة من جديد بعد { $t }.
e-phone-daily = بلغ هذا الرقم حدّ الرسائل لليوم. يُرجى المحاولة غدًا.
e-sms-slow = الرسائل متأخرة الآن. رمزك في الطريق، وترتيبك { $pos }.
e-sms-failed = تعذّر إيصال الرسالة إلى { $phone }. تحقّق من الرقم أو من تغطية الشبكة.
e-sends = أرسلنا كل ما يمكن إرساله لهذا الطلب. الرمز الأخير ما زال صالحًا.
e-generic-title = تعذّر إكمال الطلب
e-generic = حدث خطأ غير متوقع. رقم المتابعة { $ref }.
e-arrival-title = لم نتعرّف على جهازك
e-arrival = وصلتنا من نقطة الاتصال معلومات ناقصة أو غير موثوقة. أطفئ الواي فاي وشغّله، ثم افتح الصفحة من جديد.
e-token-title = انتهت مدة هذه الصفحة
e-token = أطفئ الواي فاي وشغّله، ثم افتح الصفحة من جديد. يبقى رمزك صالحًا مدته.
e-refused-title = لم يكتمل الاتصال
e-refused = لم تقبل نقطة الاتصال الدخول. دخولك محفوظ ولا حاجة إلى رمز جديد.
e-not-yours = لا يمكن إنهاء الاتصال إلا من الجهاز نفسه.
e-not-owner = هذه الصفحة للجهاز نفسه فقط. افتحها من الجهاز وهو متصل بالشبكة.
e-form = لم نتمكّن من قراءة ما أُرسل. ارجع إلى الصفحة وأعد المحاولة.
e-missing-title = الصفحة غير موجودة
e-missing = ابدأ من صفحة الدخول.
connect-title = الاتصال بالشبكة أولًا
connect-body = اختر شبكة { $network } من إعدادات الجوال، فتظهر لك صفحة الدخول.

# Amounts: $n chooses the form, $count is shown, $case is subject or object
seconds = { $n ->
    [one] ثانية واحدة
    [two] { $case ->
        [subject] ثانيتان
       *[object] ثانيتين
    }
    [few] { $count } ثوانٍ
   *[other] { $count } ثانية
}
minutes = { $n ->
    [one] دقيقة واحدة
    [two] { $case ->
        [subject] دقيقتان
       *[object] دقيقتين
    }
    [few] { $count } دقائق
   *[other] { $count } دقيقة
}
hours = { $n ->
    [one] ساعة واحدة
    [two] { $case ->
        [subject] ساعتان
       *[object] ساعتين
    }
    [few] { $count } ساعات
   *[other] { $count } ساعة
}
days = { $n ->
    [one] يوم واحد
    [two] { $case ->
        [subject] يومان
       *[object] يومين
    }
    [few] { $count } أيام
    [many] { $count } يومًا
   *[other] { $count } يوم
}
months = { $n ->
    [one] شهر واحد
    [two] { $case ->
        [subject] شهران
       *[object] شهرين
    }
    [few] { $count } أشهر
    [many] { $count } شهرًا
   *[other] { $count } شهر
}
attempts = { $n ->
    [one] محاولة واحدة
    [two] محاولتان
    [few] { $count } محاولات
   *[other] { $count } محاولة
}
hours-and-minutes = { $hours } و{ $minutes }
gigabytes = { $amount } جيجابايت
megabytes = { $amount } ميجابايت
kilobytes = { $amount } كيلوبايت
